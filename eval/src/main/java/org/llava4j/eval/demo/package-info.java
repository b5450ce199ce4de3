/** Demo: LLaVA's two training stages and the ablation of stage 1 on a synthetic dataset, in minutes. */
package org.llava4j.eval.demo;
