// SPDX-License-Identifier: Apache-2.0

// Package browser holds the tests of the page of export/live in a real browser, a headless
// Chromium. It is a module of its own, so that the client of the browser is no dependency of the
// library.
package browser
