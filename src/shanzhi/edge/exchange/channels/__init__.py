"""The channels to people outside (消息通道): real clients of the providers' documented wire formats."""
