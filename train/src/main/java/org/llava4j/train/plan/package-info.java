/**
 * What a stage will take before it begins: parameters, and every part of its memory, told from shapes alone
 * ({@link org.llava4j.train.plan.MemoryPlan}).
 */
package org.llava4j.train.plan;
