"""What the producer knows of each record, held against what the database has."""
