// SPDX-License-Identifier: Apache-2.0

// Package shard maps label sets to series.
//
// A [Map] is the index of one metric family. A lookup of an existing series takes no lock and
// allocates nothing: it hashes the label values, looks the hash up in a lock-free map, and compares
// the labels of the series that it finds with those that it was given. Positional values, a map of
// names and values, and the fields of a struct have the same hash. Creating or deleting a series
// takes the mutex of the map, for the time of one insertion.
//
// Callers give labels unescaped. The text of a series' labels is rendered once, when the series is
// created. A failed lookup returns a [Key], with which [Map.Insert] creates the series without
// hashing its labels again.
//
// A Map also lists the series in the order of their creation. A scrape walks that list without
// locks.
//
// The series is a type of the caller. It embeds a [Node] as its first field, and converts a pointer
// to the Node into a pointer to itself with package unsafe. That costs neither memory nor an
// interface: see the Example.
package shard
