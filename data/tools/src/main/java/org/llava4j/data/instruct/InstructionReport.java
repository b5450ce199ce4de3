package org.llava4j.data.instruct;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumMap;
import java.util.Map;

/** Report of the generated instructions: counts of requests and rejected answers by instruction type. */
final class InstructionReport {
    private final Map<InstructionType, Counts> counts = new EnumMap<>(InstructionType.class);

    /** Counts of one instruction type. */
    private static final class Counts {
        private int requests;
        private int used;
        private int repaired;
        private int unanswered;
        private final Map<RejectionReason, Integer> rejected = new EnumMap<>(RejectionReason.class);
    }

    private Counts of(InstructionType type) {
        return counts.computeIfAbsent(type, any -> new Counts());
    }

    void unanswered(InstructionType type) {
        of(type).requests++;
        of(type).unanswered++;
    }

    void add(InstructionType type, ParsedResponse response) {
        Counts of = of(type);
        of.requests++;
        RejectionReason rejection = response.rejection();
        if (rejection == null) {
            of.used++;
        } else {
            of.rejected.merge(rejection, 1, Integer::sum);
        }
        of.repaired += response.repaired() ? 1 : 0;
    }

    /** Returns the report as JSON. */
    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        counts.forEach((type, of) -> {
            ObjectNode node = json.putObject(type.label());
            node.put("requests", of.requests)
                    .put("used", of.used)
                    .put("repaired", of.repaired)
                    .put("unanswered", of.unanswered);
            ObjectNode rejected = node.putObject("rejected");
            of.rejected.forEach((reason, count) -> rejected.put(reason.description(), count));
        });
        return json;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        counts.forEach((type, of) -> {
            text.append(type.label())
                    .append(": ")
                    .append(of.used)
                    .append(" of ")
                    .append(of.requests);
            text.append(" used (").append(of.repaired).append(" repaired), ").append(of.unanswered);
            text.append(" unanswered\n");
            of.rejected.forEach((reason, count) -> text.append("  ")
                    .append(count)
                    .append(" rejected: ")
                    .append(reason.description())
                    .append('\n'));
        });
        return text.toString().stripTrailing();
    }
}
