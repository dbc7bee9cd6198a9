"""The built-in domains: one file each, holding one constant DOMAIN. The file name is the public name."""
