/** What touches the native library. Not exported. */
package dev.paynowbridge.internal;
