package org.llava4j.train.plan;

import java.util.List;

/** An operation of a step as the planner sees it: the arrays that it reads and those that it makes. */
record StepOp(List<StepArray> inputs, List<StepArray> outputs) {}
