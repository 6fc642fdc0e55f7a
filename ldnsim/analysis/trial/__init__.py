"""What a trial would report of virtual patients."""
