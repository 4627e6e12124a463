" What Vim and Neovim do in a recipe of netdsl.
if exists("b:did_ftplugin")
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=#\ %s
setlocal comments=:#
compiler netdsl

let b:undo_ftplugin = "setlocal commentstring< comments< makeprg< errorformat<"
