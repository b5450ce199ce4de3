package org.llava4j.train.plan;

import java.util.List;

/** Operation of a step in the memory simulation: the arrays that it reads and those that it creates. */
record StepOp(List<StepArray> inputs, List<StepArray> outputs) {}
