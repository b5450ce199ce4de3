package org.llava4j.data.scienceqa;

import java.util.Set;

/** Column of the ScienceQA accuracy tables. TXT and IMG overlap, so the columns do not add up to AVG. */
public enum ScienceQaColumn {
    NAT("NAT"),
    SOC("SOC"),
    LAN("LAN"),
    TXT("TXT"),
    IMG("IMG"),
    NO("NO"),
    G1_6("G1-6"),
    G7_12("G7-12"),
    AVG("Avg");

    private static final String GRADE = "grade";
    private static final String NATURAL = "natural science";
    private static final String SOCIAL = "social science";
    private static final String LANGUAGE = "language science";

    private final String label;

    ScienceQaColumn(String label) {
        this.label = label;
    }

    /** Returns the column heading: {@code G1-6}. */
    public String label() {
        return label;
    }

    /** Tests whether this column includes a problem. */
    public boolean includes(ScienceQaProblem problem) {
        boolean hasHint = !problem.hint().isEmpty();
        return switch (this) {
            case NAT -> problem.subject().equals(NATURAL);
            case SOC -> problem.subject().equals(SOCIAL);
            case LAN -> problem.subject().equals(LANGUAGE);
            case TXT -> hasHint;
            case IMG -> problem.hasImage();
            case NO -> !hasHint && !problem.hasImage();
            case G1_6 -> isIn(problem.grade(), 1, 6);
            case G7_12 -> isIn(problem.grade(), 7, 12);
            case AVG -> true;
        };
    }

    /**
     * Tests whether a column includes this subject; problems of other subjects are only in columns that do not depend
     * on it.
     */
    public static boolean hasSubject(String subject) {
        return Set.of(NATURAL, SOCIAL, LANGUAGE).contains(subject);
    }

    /** Tests whether a column includes this grade: {@code grade1} .. {@code grade12}. */
    public static boolean hasGrade(String grade) {
        return isIn(grade, 1, 12);
    }

    private static boolean isIn(String grade, int from, int to) {
        if (!grade.matches(GRADE + "\\d{1,2}")) {
            return false;
        }
        int number = Integer.parseInt(grade.substring(GRADE.length()));
        return number >= from && number <= to;
    }
}
