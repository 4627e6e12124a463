" Vim syntax file for netdsl networks.
" Written by `python -m netdsl.highlighting.generate` from the language's own tables.
if exists("b:current_syntax")
  finish
endif
syntax case ignore
syntax sync minlines=100

syntax match netdslOperator /\v-+\>?|[–—−→*\/+|=:?<>≤≥]/
syntax match netdslNumber /\v<\d+%(,\d+)*%(\.\d+)?%(e[+-]?\d+)?%([KMGT]>)?|\.\d+%(e[+-]?\d+)?/
syntax match netdslNumber /\v<\d+%(\s*\@\s*\d+)?%(\s*[x×]\s*\d+)+/
syntax match netdslFiller /\v<%(normalisation|normalization|response|applied|average|kernels|outputs|pooling|windows|filter|hidden|layers|linear|neuron|number|output|layer|local|nodes|using|each|unit|with|and|avg|max|the|an|at|dw|in|a)>/
syntax match netdslValue /\v<%(bilinear|position|centers|corners|nearest|across|lenet1|lenet5|within|image|valid|same|zero)>/
syntax match netdslOption /\v<%(multiplier|channels|dilation|momentum|channel|epsilon|factors|filters|initial|neurons|padding|without|around|biases|extent|factor|global|groups|height|kernel|pieces|region|scaled|stride|window|align|alpha|block|coeff|depth|floor|group|parts|scale|shift|slope|table|taken|units|whole|width|beta|bias|ceil|left|mode|part|rate|size|eps|pad|per|top|by|no|of|to|k|n|p)>/
syntax match netdslKind /\v<%(local[ \t_]+response[ \t_]+normalization|batch[ \t_]+normalisation|batch[ \t_]+normalization|group[ \t_]+normalisation|group[ \t_]+normalization|layer[ \t_]+normalisation|layer[ \t_]+normalization|local[ \t_]+contrast[ \t_]+norm|local[ \t_]+response[ \t_]+norm|locally[ \t_]+connected|rectified[ \t_]+linear|stochastic[ \t_]+depth|average[ \t_]+pooling|channel[ \t_]+shuffle|fully[ \t_]+connected|parametric[ \t_]+relu|pixel[ \t_]+unshuffle|stochasticdepth|transposed[ \t_]+conv|channelshuffle|conv[ \t_]+transpose|depth[ \t_]+to[ \t_]+space|depthwise[ \t_]+conv|pixelunshuffle|space[ \t_]+to[ \t_]+depth|up[ \t_]+convolution|contrast[ \t_]+norm|convolutional|deconvolution|inner[ \t_]+product|normalisation|normalization|pixel[ \t_]+shuffle|average[ \t_]+pool|depthtospace|hard[ \t_]+sigmoid|innerproduct|pixelshuffle|radial[ \t_]+basis|spacetodepth|avg[ \t_]+pooling|concatenate|convolution|max[ \t_]+pooling|subsampling|zeropadding|batch[ \t_]+norm|group[ \t_]+norm|hard[ \t_]+swish|layer[ \t_]+norm|leaky[ \t_]+relu|local[ \t_]+conv|max[ \t_]+unpool|sub[ \t_]+sample|upsampling|averaging|batchnorm|depthwise|drop[ \t_]+path|groupnorm|hard[ \t_]+silu|layernorm|leakyrelu|mean[ \t_]+pool|rectifier|sub[ \t_]+pixel|subsample|threshold|unpooling|avg[ \t_]+pool|droppath|hsigmoid|logistic|max[ \t_]+pool|multiply|subpixel|upsample|zero[ \t_]+pad|avgpool|conv[ \t_]+dw|dropout|flatten|maxpool|pooling|reorg3d|reshape|shuffle|sigmoid|softmax|stretch|up[ \t_]+conv|affine|concat|conv2d|deconv|dwconv|hswish|linear|maxout|relu[ \t_]+6|unpool|upconv|dense|input|leaky|local|lrelu|prelu|relu6|reorg|slice|stack|swish|conv|crop|drop|gate|gelu|mish|norm|pool|relu|selu|silu|step|tanh|add|elu|gap|gmp|lcn|lrn|rbf|sum|bn|fc|gn|ln)%(_?\d+%(_\d+)*[a-z]?)?>/
syntax match netdslKind /\v%(%(^|[[|;{:]|[->] )\s*)@20<=<%(scale|pad)%(_?\d+%(_\d+)*[a-z]?)?>/
syntax match netdslKeyword /\v<%(skip|project)>/
syntax match netdslKeyword /\v<same\s+weights\s+as>/
syntax match netdslBlock /\v<\h\w*\ze\(/
syntax match netdslLabel /\v%(^\s*)@40<=%(%(local[ \t_]+response[ \t_]+normalization|batch[ \t_]+normalisation|batch[ \t_]+normalization|group[ \t_]+normalisation|group[ \t_]+normalization|layer[ \t_]+normalisation|layer[ \t_]+normalization|local[ \t_]+contrast[ \t_]+norm|local[ \t_]+response[ \t_]+norm|locally[ \t_]+connected|rectified[ \t_]+linear|stochastic[ \t_]+depth|average[ \t_]+pooling|channel[ \t_]+shuffle|fully[ \t_]+connected|parametric[ \t_]+relu|pixel[ \t_]+unshuffle|stochasticdepth|transposed[ \t_]+conv|channelshuffle|conv[ \t_]+transpose|depth[ \t_]+to[ \t_]+space|depthwise[ \t_]+conv|pixelunshuffle|space[ \t_]+to[ \t_]+depth|up[ \t_]+convolution|contrast[ \t_]+norm|convolutional|deconvolution|inner[ \t_]+product|normalisation|normalization|pixel[ \t_]+shuffle|average[ \t_]+pool|depthtospace|hard[ \t_]+sigmoid|innerproduct|pixelshuffle|radial[ \t_]+basis|spacetodepth|avg[ \t_]+pooling|concatenate|convolution|max[ \t_]+pooling|subsampling|zeropadding|batch[ \t_]+norm|group[ \t_]+norm|hard[ \t_]+swish|layer[ \t_]+norm|leaky[ \t_]+relu|local[ \t_]+conv|max[ \t_]+unpool|sub[ \t_]+sample|upsampling|averaging|batchnorm|depthwise|drop[ \t_]+path|groupnorm|hard[ \t_]+silu|layernorm|leakyrelu|mean[ \t_]+pool|rectifier|sub[ \t_]+pixel|subsample|threshold|unpooling|avg[ \t_]+pool|droppath|hsigmoid|logistic|max[ \t_]+pool|multiply|subpixel|upsample|zero[ \t_]+pad|avgpool|conv[ \t_]+dw|dropout|flatten|maxpool|pooling|reorg3d|reshape|shuffle|sigmoid|softmax|stretch|up[ \t_]+conv|affine|concat|conv2d|deconv|dwconv|hswish|linear|maxout|relu[ \t_]+6|unpool|upconv|dense|input|leaky|local|lrelu|prelu|relu6|reorg|scale|slice|stack|swish|conv|crop|drop|gate|gelu|mish|norm|pool|relu|selu|silu|step|tanh|add|elu|gap|gmp|lcn|lrn|pad|rbf|sum|bn|fc|gn|ln)\s?[0-9_]*[a-z]?\s*:)@!<\h\w*%(\s+\h\w*)*>\ze\s*:/
syntax match netdslLabel /\v%([[|]\s*)@20<=%(%(local[ \t_]+response[ \t_]+normalization|batch[ \t_]+normalisation|batch[ \t_]+normalization|group[ \t_]+normalisation|group[ \t_]+normalization|layer[ \t_]+normalisation|layer[ \t_]+normalization|local[ \t_]+contrast[ \t_]+norm|local[ \t_]+response[ \t_]+norm|locally[ \t_]+connected|rectified[ \t_]+linear|stochastic[ \t_]+depth|average[ \t_]+pooling|channel[ \t_]+shuffle|fully[ \t_]+connected|parametric[ \t_]+relu|pixel[ \t_]+unshuffle|stochasticdepth|transposed[ \t_]+conv|channelshuffle|conv[ \t_]+transpose|depth[ \t_]+to[ \t_]+space|depthwise[ \t_]+conv|pixelunshuffle|space[ \t_]+to[ \t_]+depth|up[ \t_]+convolution|contrast[ \t_]+norm|convolutional|deconvolution|inner[ \t_]+product|normalisation|normalization|pixel[ \t_]+shuffle|average[ \t_]+pool|depthtospace|hard[ \t_]+sigmoid|innerproduct|pixelshuffle|radial[ \t_]+basis|spacetodepth|avg[ \t_]+pooling|concatenate|convolution|max[ \t_]+pooling|subsampling|zeropadding|batch[ \t_]+norm|group[ \t_]+norm|hard[ \t_]+swish|layer[ \t_]+norm|leaky[ \t_]+relu|local[ \t_]+conv|max[ \t_]+unpool|sub[ \t_]+sample|upsampling|averaging|batchnorm|depthwise|drop[ \t_]+path|groupnorm|hard[ \t_]+silu|layernorm|leakyrelu|mean[ \t_]+pool|rectifier|sub[ \t_]+pixel|subsample|threshold|unpooling|avg[ \t_]+pool|droppath|hsigmoid|logistic|max[ \t_]+pool|multiply|subpixel|upsample|zero[ \t_]+pad|avgpool|conv[ \t_]+dw|dropout|flatten|maxpool|pooling|reorg3d|reshape|shuffle|sigmoid|softmax|stretch|up[ \t_]+conv|affine|concat|conv2d|deconv|dwconv|hswish|linear|maxout|relu[ \t_]+6|unpool|upconv|dense|input|leaky|local|lrelu|prelu|relu6|reorg|scale|slice|stack|swish|conv|crop|drop|gate|gelu|mish|norm|pool|relu|selu|silu|step|tanh|add|elu|gap|gmp|lcn|lrn|pad|rbf|sum|bn|fc|gn|ln)\s?[0-9_]*[a-z]?\s*:)@!<\h\w*>\ze\s*:/
syntax match netdslReference /\v\@\h\w*/
syntax match netdslKeyword /\v<%(where|table)>\ze\s*\{/
syntax match netdslOption /\v%(^\s*expect\s+)@40<=%(receptive[ \t_]+field|receptive_field|connections|parameters|pattern|memory|output|params|volume|macs)>/
syntax match netdslKeyword /\v^\s*expect>\ze\s+%(receptive[ \t_]+field|receptive_field|connections|parameters|pattern|memory|output|params|volume|macs)/
syntax match netdslKeyword /\v^\s*default>\ze\s+\h/
syntax match netdslKeyword /\v^\s*default\s+activation>/
syntax match netdslBlock /\v%(^\s*block\s+)@40<=\h\w*/
syntax match netdslKeyword /\v^\s*block>\ze\s+\h\w*\s*[({]/
syntax match netdslKeyword /\v^\s*let>\ze\s+\h\w*\s*\=/
syntax match netdslKeyword /\v^\s*use>\ze\s*[\"“]/
syntax match netdslValue /\v%(^\s*dialect\s+)@40<=\h\w*/
syntax match netdslKeyword /\v^\s*dialect>\ze\s+\h\w*\s*%($|[#;])/
syntax match netdslTitle /\v%(^\s*net\s+)@40<=[^ \t:=;#][^#;]*/
syntax match netdslKeyword /\v^\s*net>\ze\s+[^ \t:=;#]/
syntax match netdslString /\v\"[^\"]*\"|“[^”]*”/
syntax match netdslComment /#.*/ contains=@Spell
syntax match netdslRecipeOption /\v<%(label[ \t_]+smoothing|class[ \t_]+weights|learning[ \t_]+rate|weight[ \t_]+decay|brightness|horizontal|saturation|smoothness|decay_all|smoothing|balanced|contrast|momentum|vertical|degrees|epsilon|reflect|squared|weights|amount|border|epochs|factor|margin|pixels|warmup|after|alpha|beta1|beta2|black|decay|every|holes|cast|edge|high|last|rate|size|all|eps|hue|low|rho|lr|to|wd)>/ contained
syntax match netdslRecipeKind /\v<%(cross\-entropy|perceptron|piecewise|constant|momentum|nesterov|adagrad|distort|plateau|rmsprop|colour|cosine|cutout|glorot|rotate|adamw|color|hinge|mixup|scale|shear|shift|adam|crop|flip|step|sgd|he|l2)>/ contained
syntax match netdslRecipeKeyword /\v<%(learning[ \t_]+rate[ \t_]+schedule|data[ \t_]+augmentation|gradient[ \t_]+clipping|number[ \t_]+of[ \t_]+epochs|mini[ \t_]+batch[ \t_]+size|clip[ \t_]+grad[ \t_]+norm|early[ \t_]+stopping|initialisation|initialization|loss[ \t_]+function|augmentation|initializer|lr[ \t_]+schedule|random[ \t_]+seed|accumulate|batch[ \t_]+size|num[ \t_]+epochs|batchsize|clip[ \t_]+norm|criterion|minibatch|optimiser|optimizer|scheduler|patience|schedule|augment|average|classes|dataset|epochs|factor|freeze|search|solver|batch|epoch|split|clip|data|init|loss|seed|stop)>/ contained
syntax region netdslBraces start=/{/ end=/}/ contained contains=netdslRecipeOption,netdslRecipeKind,netdslRecipeKeyword,netdslNumber,netdslComment,netdslBraces
syntax region netdslTrain matchgroup=netdslKeyword start=/\v^\s*train\s*\{/ end=/}/ fold contains=netdslRecipeOption,netdslRecipeKind,netdslRecipeKeyword,netdslNumber,netdslComment,netdslBraces
highlight default link netdslRecipeOption netdslOption
highlight default link netdslRecipeKind netdslKind
highlight default link netdslRecipeKeyword netdslKeyword

highlight default link netdslComment Comment
highlight default link netdslString String
highlight default link netdslKeyword Statement
highlight default link netdslTitle Title
highlight default link netdslBlock Function
highlight default link netdslLabel Label
highlight default link netdslReference Identifier
highlight default link netdslKind Type
highlight default link netdslOption Special
highlight default link netdslValue Constant
highlight default link netdslFiller NonText
highlight default link netdslNumber Number
highlight default link netdslOperator Operator

let b:current_syntax = "netdsl"
