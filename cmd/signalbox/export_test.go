package main

// Main is the program, which the test binary is as well: see TestMain.
var Main = main
