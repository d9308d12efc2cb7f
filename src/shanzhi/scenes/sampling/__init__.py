"""Sampling and distribution points (采样与发放): slots, tickets, throughput, who has not come."""
