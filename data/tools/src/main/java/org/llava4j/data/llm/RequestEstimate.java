package org.llava4j.data.llm;

import java.util.Iterator;
import org.apache.commons.cli.CommandLine;
import org.llava4j.cli.Command;
import org.llava4j.data.Html;

/**
 * Estimate of the number of requests and tokens of a command, printed before anything is sent.
 *
 * @param requests number of requests
 * @param tokensIn approximate number of prompt tokens
 * @param tokensOut maximum number of completion tokens
 */
record RequestEstimate(long requests, long tokensIn, long tokensOut) {
    private static final double PER_MILLION = 1e6;

    static RequestEstimate of(Iterator<LlmRequest> all) {
        long requests = 0;
        long in = 0;
        long out = 0;
        for (; all.hasNext(); requests++) {
            LlmRequest request = all.next();
            in += request.expectedPromptTokens();
            out += request.settings().maxTokens();
        }
        return new RequestEstimate(requests, in, out);
    }

    /**
     * Formats the estimate as one line.
     *
     * @param line command line; may have flags with the prices per million tokens
     */
    String text(CommandLine line) {
        String cost = line.hasOption("price-in") || line.hasOption("price-out")
                ? Html.format(
                        ", %.2f at most at the given prices",
                        (tokensIn * Command.decimal(line, "price-in", 0)
                                        + tokensOut * Command.decimal(line, "price-out", 0))
                                / PER_MILLION)
                : "";
        return Html.format(
                "%,d requests: about %,d prompt tokens, at most %,d completion tokens%s",
                requests, tokensIn, tokensOut, cost);
    }
}
