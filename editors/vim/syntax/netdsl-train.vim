" Vim syntax file for netdsl recipes.
" Written by `python -m netdsl.highlighting.generate` from the language's own tables.
if exists("b:current_syntax")
  finish
endif
syntax case ignore
syntax sync minlines=100

syntax match netdslTrainOperator /\v-+\>?|[–—−→*\/+|=:?<>≤≥]/
syntax match netdslTrainNumber /\v<\d+%(,\d+)*%(\.\d+)?%(e[+-]?\d+)?%([KMGT]>)?|\.\d+%(e[+-]?\d+)?/
syntax match netdslTrainNumber /\v<\d+%(\s*\@\s*\d+)?%(\s*[x×]\s*\d+)+/
syntax match netdslTrainOption /\v<%(label[ \t_]+smoothing|class[ \t_]+weights|learning[ \t_]+rate|weight[ \t_]+decay|brightness|horizontal|saturation|smoothness|decay_all|smoothing|balanced|contrast|momentum|vertical|degrees|epsilon|reflect|squared|weights|amount|border|epochs|factor|margin|pixels|warmup|after|alpha|beta1|beta2|black|decay|every|holes|cast|edge|high|last|rate|size|all|eps|hue|low|rho|lr|to|wd)>/
syntax match netdslTrainKind /\v<%(cross\-entropy|perceptron|piecewise|constant|momentum|nesterov|adagrad|distort|plateau|rmsprop|colour|cosine|cutout|glorot|rotate|adamw|color|hinge|mixup|scale|shear|shift|adam|crop|flip|step|sgd|he|l2)>/
syntax match netdslTrainKeyword /\v<%(learning[ \t_]+rate[ \t_]+schedule|data[ \t_]+augmentation|gradient[ \t_]+clipping|number[ \t_]+of[ \t_]+epochs|mini[ \t_]+batch[ \t_]+size|clip[ \t_]+grad[ \t_]+norm|early[ \t_]+stopping|initialisation|initialization|loss[ \t_]+function|augmentation|initializer|lr[ \t_]+schedule|random[ \t_]+seed|accumulate|batch[ \t_]+size|num[ \t_]+epochs|batchsize|clip[ \t_]+norm|criterion|minibatch|optimiser|optimizer|scheduler|patience|schedule|augment|average|classes|dataset|epochs|factor|freeze|search|solver|batch|epoch|split|clip|data|init|loss|seed|stop)>/
syntax match netdslTrainString /\v\"[^\"]*\"|“[^”]*”/
syntax match netdslTrainComment /#.*/ contains=@Spell

highlight default link netdslTrainComment Comment
highlight default link netdslTrainString String
highlight default link netdslTrainKeyword Statement
highlight default link netdslTrainTitle Title
highlight default link netdslTrainBlock Function
highlight default link netdslTrainLabel Label
highlight default link netdslTrainReference Identifier
highlight default link netdslTrainKind Type
highlight default link netdslTrainOption Special
highlight default link netdslTrainValue Constant
highlight default link netdslTrainFiller NonText
highlight default link netdslTrainNumber Number
highlight default link netdslTrainOperator Operator

let b:current_syntax = "netdsl-train"
