// SPDX-License-Identifier: Apache-2.0

// Package shard maps label sets to series.
//
// A [Map] is the index of one metric family. Looking up an existing series takes no lock and allocates nothing: the
// label values are hashed, the hash is looked up in a lock-free map, and the labels of what is found are compared with
// the labels that were asked for. Positional values, a map of names and values, and the fields of a struct all come to
// the same hash. Creating and deleting series takes the family's mutex, for the time of one insertion.
//
// Labels are given and compared unescaped; the text of a series' labels is rendered once, when the series is created. A
// lookup that finds nothing returns a [Key], with which [Map.Insert] creates the series without hashing its labels again.
//
// A Map also keeps the series in the order of their creation, in a form that a scrape walks without locks.
package shard
