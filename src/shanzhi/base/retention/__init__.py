"""Retention (留存): lifetimes, legal holds, destruction with a certificate; modules register what they hold."""
