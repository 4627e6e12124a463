-- The language server, for Neovim 0.11 and later: vim.lsp.enable("netdsl")
return {
  cmd = { "netdsl", "lsp" },
  filetypes = { "netdsl", "netdsl-train" },
  root_markers = { "netdsl.toml", "pyproject.toml", ".git" },
}
