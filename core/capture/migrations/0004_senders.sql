-- Whose a lease is: the id of the store that holds senders/<id>.lock while it lives. NULL: nobody can tell, it ends by time
-- alone.
ALTER TABLE captures ADD COLUMN lease_sender INTEGER;
