autocmd BufRead,BufNewFile *.net setfiletype netdsl
autocmd BufRead,BufNewFile *.train setfiletype netdsl-train
