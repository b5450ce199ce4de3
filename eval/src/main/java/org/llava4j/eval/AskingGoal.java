package org.llava4j.eval;

import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.llava4j.data.cli.Command;
import org.llava4j.eval.predictions.Companies;
import org.llava4j.model.LlavaModel;

/** A goal that asks a model many questions, which others than this machine may answer. */
public abstract class AskingGoal extends Command {
    private final AskingPlace place;

    protected AskingGoal(String name, String summary, AskingPlace place) {
        super(name, summary);
        this.place = place;
    }

    @Override
    protected Options options() {
        return DecodingFlags.addTo(AskedModel.addFlags(new Options()));
    }

    /** Asks a model the questions of one company. */
    @FunctionalInterface
    public interface Asker {
        /**
         * @param company its number, counted from 0
         * @return what was answered, by question
         */
        Map<String, String> ask(LlavaModel model, int company);

        /** Companies that are asked of a model one after the other. */
        default Companies of(LlavaModel model) {
            return (numbers, answered) -> numbers.forEach(number -> answered.accept(ask(model, number)));
        }
    }

    /** Reads the questions. @throws org.llava4j.data.BadInputException if they are broken */
    public abstract Asker asker(CommandLine line);

    /** Opens the place where the questions are asked. */
    protected AskingPlace.Place place(CommandLine line) {
        return place.open(this, line);
    }
}
