/**
 * Machine code that is written by Java while a process runs: for the inner loops that need what neither the compiler
 * nor the Vector API has (dot products of bytes, choosing bytes and floats by a table, reading ahead), and for those
 * that a process that has just started cannot wait for. {@link dev.troupe.model.kernel.machine.Assembler} encodes
 * instructions of x86-64 with AVX-512, {@link dev.troupe.model.kernel.machine.MachineCode} puts them into memory that
 * can be executed and calls them through the foreign-function API. What a loop computes is said by the kernel that
 * writes it; each has a scalar reference and an implementation by the Vector API with the same bits, which takes its
 * place on other processors. docs/adr/0019 has the reasons.
 */
@NullMarked
package dev.troupe.model.kernel.machine;

import org.jspecify.annotations.NullMarked;
