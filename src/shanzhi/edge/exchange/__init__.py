"""Files of other systems (数据交换): read with mappings that are data, and compared with what Shanzhi computes."""
