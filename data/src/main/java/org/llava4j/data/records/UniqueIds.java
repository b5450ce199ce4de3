package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;
import org.llava4j.data.BadInputException;

/** Check for duplicate ids in the records of a reader; a duplicate is refused with the locations of both records. */
final class UniqueIds {
    private final String what;
    private final IntFunction<String> where;
    private final Map<String, Integer> numbers = new HashMap<>();

    /**
     * Creates a check.
     *
     * @param what name of the records in messages
     * @param where returns the location of a record in its file
     */
    UniqueIds(String what, IntFunction<String> where) {
        this.what = what;
        this.where = where;
    }

    /** Adds an id that must be an integer; another value is refused when the record is read. */
    void addNumber(JsonNode id, int number) {
        if (id.isIntegralNumber()) {
            add(id.asText(), number);
        }
    }

    /**
     * Adds an id.
     *
     * @throws BadInputException if another record has this id
     */
    void add(String id, int number) {
        Integer first = numbers.putIfAbsent(id, number);
        if (first != null) {
            throw new BadInputException(where.apply(number) + ": " + what + " " + id + " is duplicate, first in "
                    + where.apply(first) + "; remove one of the two or change its id");
        }
    }
}
