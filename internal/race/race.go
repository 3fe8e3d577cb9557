// Package race reports whether this binary was built with the race detector. Tests use it to shorten simulations that run in
// one goroutine: there the race detector finds nothing and makes them ten times slower. The same tests run at full length
// without it.
package race
