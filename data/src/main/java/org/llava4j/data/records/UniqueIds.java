package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;
import org.llava4j.data.BadInputException;

/** Ids of the records of a reader; a duplicate is refused by name, with the places of both records. */
final class UniqueIds {
    private final String what;
    private final IntFunction<String> where;
    private final Map<String, Integer> numbers = new HashMap<>();

    /**
     * @param what the records are called in messages
     * @param where place of a record in its file
     */
    UniqueIds(String what, IntFunction<String> where) {
        this.what = what;
        this.where = where;
    }

    /** Adds an id that must be a whole number; another value is refused where the record is read. */
    void addNumber(JsonNode id, int number) {
        if (id.isIntegralNumber()) {
            add(id.asText(), number);
        }
    }

    /** @throws BadInputException if another record has this id */
    void add(String id, int number) {
        Integer first = numbers.putIfAbsent(id, number);
        if (first != null) {
            throw new BadInputException(where.apply(number) + ": " + what + " " + id + " is there twice, first in "
                    + where.apply(first) + "; remove one of the two or give it another id");
        }
    }
}
