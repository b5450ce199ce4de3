package org.llava4j.data.synthetic;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * Type of problem in the synthetic dataset, with the tags that ScienceQA (Lu et al. 2022) has on a problem and that its
 * nine columns are made of. All types but the last two need their image to be answered.
 */
public enum ProblemType {
    SOLUTION(
            "natural science",
            "chemistry",
            "Solutions",
            "Compare concentrations of solutions",
            6,
            8,
            "A solution is made of a solvent and the particles of a solute. In equal volumes, the solution with more"
                    + " particles has the higher concentration."),
    MAGNETS(
            "natural science",
            "physics",
            "Magnets",
            "Predict whether magnets attract or repel",
            3,
            8,
            "A magnet has a north pole and a south pole. Opposite poles attract each other. Equal poles repel each"
                    + " other."),
    THERMOMETER(
            "natural science",
            "units-and-measurement",
            "Temperature",
            "Read a thermometer",
            2,
            5,
            "The liquid in a thermometer rises when it is warm. Read the number on the scale beside the top of the"
                    + " liquid."),
    COUNT(
            "natural science",
            "science-and-engineering-practices",
            "Observation",
            "Count objects of one sort",
            1,
            3,
            "To count, touch each object once and say the next number."),
    COMPARE(
            "natural science",
            "science-and-engineering-practices",
            "Observation",
            "Compare two groups of objects",
            1,
            4,
            "To compare two groups, count both. The group with the greater number has more."),
    MAP(
            "social science",
            "geography",
            "Maps",
            "Use the compass rose of a map",
            2,
            7,
            "A compass rose shows directions on a map. North is at the top, south is at the bottom, east is on the"
                    + " right and west is on the left."),
    SIGN(
            "language science",
            "punctuation",
            "Sentence types",
            "Name the sentence type by its end mark",
            2,
            9,
            "A statement ends with a period. A question ends with a question mark. An exclamation ends with an"
                    + " exclamation point."),
    FACTS(
            "language science",
            "reading-comprehension",
            "Short passages",
            "Find a fact in a passage",
            5,
            12,
            "Read the passage and look for the words of the question in it."),
    KNOWLEDGE(
            "natural science",
            "chemistry",
            "States of matter",
            "Tell solids, liquids and gases apart",
            3,
            10,
            "A solid keeps its shape. A liquid takes the shape of its container. A gas fills all the space it has.");

    private final String subject;
    private final String topic;
    private final String category;
    private final String skill;
    private final int firstGrade;
    private final int lastGrade;
    private final String lecture;

    ProblemType(
            String subject,
            String topic,
            String category,
            String skill,
            int firstGrade,
            int lastGrade,
            String lecture) {
        this.subject = subject;
        this.topic = topic;
        this.category = category;
        this.skill = skill;
        this.firstGrade = firstGrade;
        this.lastGrade = lastGrade;
        this.lecture = lecture;
    }

    /** Returns the types whose problems have an image and need it. */
    static List<ProblemType> withImage() {
        return Stream.of(values()).filter(ProblemType::hasImage).toList();
    }

    /** Returns the type of a problem written by {@link SyntheticDatasetWriter}, identified by its skill. */
    public static ProblemType of(ScienceQaProblem problem) {
        return Stream.of(values())
                .filter(type -> type.skill.equals(problem.skill()))
                .findFirst()
                .orElseThrow(() -> new BadInputException("problem " + problem.id() + ": skill \"" + problem.skill()
                        + "\" is not in the synthetic dataset; use problems that the demo generated"));
    }

    /** Tests whether problems of this type have an image. */
    boolean hasImage() {
        return this != FACTS && this != KNOWLEDGE;
    }

    /** Returns the name in reports: the constant in lower case. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns ScienceQA's subject tag. */
    String subject() {
        return subject;
    }

    /** Returns ScienceQA's topic tag. */
    String topic() {
        return topic;
    }

    /** Returns ScienceQA's category tag. */
    String category() {
        return category;
    }

    /** Returns ScienceQA's skill tag. */
    String skill() {
        return skill;
    }

    /** Returns ScienceQA's lecture. */
    String lecture() {
        return lecture;
    }

    /** Returns a grade tag, "grade1" .. "grade12", which cycles through the type's range as {@code turn} counts up. */
    String grade(int turn) {
        return "grade" + (firstGrade + turn % (lastGrade - firstGrade + 1));
    }
}
