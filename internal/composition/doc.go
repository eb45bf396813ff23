// SPDX-License-Identifier: Apache-2.0

// Package composition compares registries that are mounted in each other with a simple model of
// them. It is a module of its own, because it needs a library for random programs.
package composition
