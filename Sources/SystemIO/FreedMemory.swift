import CLinux

/// Gives the system the memory that was freed, after work that needed much of it for a while: the
/// allocator keeps it otherwise, and what comes next lies beside it.
package func returnFreedMemory() { clinux_return_freed_memory() }
