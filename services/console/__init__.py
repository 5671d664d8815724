"""Operations for people: a command line over operations/, which does the work and prints nothing."""
