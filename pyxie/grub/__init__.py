"""What a signed GRUB is given over TFTP, and goes on by."""
