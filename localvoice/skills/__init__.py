"""Built-in skills: plain functions with a schema, and the sentences that call them."""
