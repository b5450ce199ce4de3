package org.llava4j.eval.predictions;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Questions in companies, those that are asked together: who is asked in which company decides the last bits of an answer,
 * and so, rarely, its words. Companies are the same whenever and wherever they are asked.
 */
@FunctionalInterface
public interface BatchExecutor {

    /**
     * @param numbers the companies to ask, counted from 0
     * @param answered is given what each was answered, by question, as soon as it is; one call at a time, in any order
     */
    void execute(List<Integer> numbers, Consumer<Map<String, String>> answered);
}
