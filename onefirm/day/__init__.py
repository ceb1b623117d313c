"""What joins several planes: the brief, the start and the close of a session, the doctor."""
