"""What all pages share: layout, language, who may see them, and the way of signing in."""
