"""What 06_clip computes and shows; the fine-tuning itself is `replication.clip`."""
