package cdev

// KeepStdin guards file descriptor 0 while gpioioctl looks for chips.
var KeepStdin = keepStdin
