" Vim compiler file: :compiler netdsl, then :make checks the file.
if exists("current_compiler")
  finish
endif
let current_compiler = "netdsl"

CompilerSet makeprg=netdsl\ check\ --format\ concise\ %:S
CompilerSet errorformat=%f:%l:%c:\ %trror\ ND%n:\ %m,
      \%f:%l:%c:\ %tarning\ ND%n:\ %m,
      \%f:%l:%c:\ %tote\ ND%n:\ %m,
      \%f:\ %trror\ ND%n:\ %m,
      \%-G%.%#
