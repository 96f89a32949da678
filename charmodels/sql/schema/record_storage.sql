-- A record changes twice or three times soon after it is written; room on its page spares the indexes that.
ALTER TABLE :table SET (fillfactor = 70);
