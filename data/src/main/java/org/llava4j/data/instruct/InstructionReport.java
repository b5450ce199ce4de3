package org.llava4j.data.instruct;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumMap;
import java.util.Map;

/** What became of the calls of each kind. */
public final class InstructionReport {
    private final Map<InstructionType, Counts> counts = new EnumMap<>(InstructionType.class);

    /** Counts of one kind. */
    private static final class Counts {
        private int requests;
        private int used;
        private int repaired;
        private int unanswered;
        private final Map<RejectionReason, Integer> rejected = new EnumMap<>(RejectionReason.class);
    }

    private Counts of(InstructionType kind) {
        return counts.computeIfAbsent(kind, any -> new Counts());
    }

    void unanswered(InstructionType kind) {
        of(kind).requests++;
        of(kind).unanswered++;
    }

    void add(InstructionType kind, ParsedResponse response) {
        Counts of = of(kind);
        of.requests++;
        response.rejection().ifPresentOrElse(why -> of.rejected.merge(why, 1, Integer::sum), () -> of.used++);
        of.repaired += response.repaired() ? 1 : 0;
    }

    /** Samples that were made. */
    public int used() {
        return counts.values().stream().mapToInt(of -> of.used).sum();
    }

    /** Answers that are not used, whatever the reason. */
    public int rejected() {
        return counts.values().stream()
                .flatMap(of -> of.rejected.values().stream())
                .mapToInt(Integer::intValue)
                .sum();
    }

    /** Calls that have no answer. */
    public int unanswered() {
        return counts.values().stream().mapToInt(of -> of.unanswered).sum();
    }

    /** The report as JSON. */
    public ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        counts.forEach((kind, of) -> {
            ObjectNode node = json.putObject(kind.label());
            node.put("asked", of.requests)
                    .put("used", of.used)
                    .put("repaired", of.repaired)
                    .put("unanswered", of.unanswered);
            ObjectNode refused = node.putObject("refused");
            of.rejected.forEach((why, count) -> refused.put(why.description(), count));
        });
        return json;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        counts.forEach((kind, of) -> {
            text.append(kind.label())
                    .append(": ")
                    .append(of.used)
                    .append(" of ")
                    .append(of.requests);
            text.append(" used (").append(of.repaired).append(" repaired), ").append(of.unanswered);
            text.append(" unanswered\n");
            of.rejected.forEach((why, count) -> text.append("  ")
                    .append(count)
                    .append(" refused: ")
                    .append(why.description())
                    .append('\n'));
        });
        return text.toString().stripTrailing();
    }
}
