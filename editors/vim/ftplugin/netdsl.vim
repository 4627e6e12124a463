" What Vim and Neovim do in a netdsl network.
if exists("b:did_ftplugin")
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=#\ %s
setlocal comments=:#
setlocal expandtab
setlocal shiftwidth=2
setlocal softtabstop=2
" gq over the whole file lays it out: gggqG
setlocal formatprg=netdsl\ fmt\ -
setlocal suffixesadd=.net
setlocal include=^\\s*use\\s*[\"“]
" :make fills the quickfix list with what `netdsl check` finds.
compiler netdsl

let b:undo_ftplugin = "setlocal commentstring< comments< expandtab< shiftwidth< softtabstop< formatprg<"
      \ .. " suffixesadd< include< makeprg< errorformat<"
