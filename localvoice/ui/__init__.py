"""What people see of a session."""
