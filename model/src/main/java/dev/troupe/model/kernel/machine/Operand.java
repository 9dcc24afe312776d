package dev.troupe.model.kernel.machine;

/** The last operand of a vector instruction: a register or a place in memory. */
public sealed interface Operand permits VectorRegister, Address {}
