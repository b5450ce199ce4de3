package org.llava4j.eval.spark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.UUID;
import org.apache.commons.cli.CommandLine;
import org.apache.spark.api.java.function.Function;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.NativeMemory;
import org.llava4j.eval.AskedModel;
import org.llava4j.eval.AskingGoal;
import org.llava4j.eval.AskingPlace;
import org.llava4j.model.LlavaModel;

/**
 * A task: asks one company on an executor. The model and the questions are loaded by the first and kept for the next.
 *
 * @param run tells one run of an application from the next
 * @param arguments the goal's flags, with absolute paths
 */
record AskCompany(UUID run, Goal goal, ArrayList<String> arguments) implements Function<Integer, Answers> {
    private static Loaded loaded;

    /** What an executor keeps. */
    private record Loaded(UUID run, LlavaModel model, AskingGoal.Asker asker) {}

    @Override
    public Answers call(Integer company) {
        NativeMemory.configure();
        try {
            return new Answers(ask(company), null);
        } catch (BadInputException e) {
            // Another try would meet it again.
            return new Answers(null, e.getMessage());
        }
    }

    /** One company at a time, whatever the executor's processors: they are the company's. */
    private LinkedHashMap<String, String> ask(int company) {
        synchronized (AskCompany.class) {
            if (loaded == null || !loaded.run().equals(run)) {
                if (loaded != null) {
                    loaded.model().close();
                }
                loaded = null;
                AskingGoal command = goal.at(AskingPlace.HERE);
                CommandLine line = command.parse(arguments.toArray(String[]::new));
                AskingGoal.Asker asker = command.asker(line);
                loaded = new Loaded(run, AskedModel.of(line).load(), asker);
            }
            return new LinkedHashMap<>(loaded.asker().ask(loaded.model(), company));
        }
    }
}
