"""What people do with pictures: show, look, keep."""
