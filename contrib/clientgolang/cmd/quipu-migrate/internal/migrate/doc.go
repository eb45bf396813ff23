// SPDX-License-Identifier: Apache-2.0

// Package migrate moves modules from client_golang to quipu. It is the logic of the program
// quipu-migrate.
//
// A stage reads the module, plans changes of files in memory, and lets the go command build and vet
// the module with these changes laid over it. Only a plan that passes is shown or written. So a
// refusal leaves the module as it was.
package migrate
