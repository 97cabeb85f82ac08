-- Forget the channels as a sender last found them.
delete from channels;
