# SPDX-License-Identifier: GPL-2.0-only
"""What sphinx-build has to know of this folder."""
project = "socks"
root_doc = "index"
highlight_language = "none"
smartquotes = False
exclude_patterns = ["output"]
