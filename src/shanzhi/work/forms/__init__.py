"""Forms (表单): versioned questions from packs, and answers checked against them."""
